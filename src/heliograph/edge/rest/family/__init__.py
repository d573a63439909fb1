"""The siblings of the push: users, user groups and the company, in the same dialect and by the same key."""
