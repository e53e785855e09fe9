"""Planning: the verbs that run the rooms and make a plan or a study."""
