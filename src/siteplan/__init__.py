"""siteplan: facility siting for planners."""
