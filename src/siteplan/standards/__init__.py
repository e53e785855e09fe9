"""Standards as data: rules with figures, conditions and sources, in profiles that speak in order."""

from siteplan.standards.facility_types import FACILITY_TYPES, FacilityType, facility_type
from siteplan.standards.kinds import MODELLED_KINDS
from siteplan.standards.library import Override, Recorded, Standards, load_standards
from siteplan.standards.profile import Profile, read_profile
from siteplan.standards.rule import Rule, Size, Topic, Unit

__all__ = [
    "FACILITY_TYPES",
    "MODELLED_KINDS",
    "FacilityType",
    "Override",
    "Profile",
    "Recorded",
    "Rule",
    "Size",
    "Standards",
    "Topic",
    "Unit",
    "facility_type",
    "load_standards",
    "read_profile",
]
