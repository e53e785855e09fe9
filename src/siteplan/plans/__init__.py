"""Plans: values only. A scenario is what is asked, a plan what is answered."""
