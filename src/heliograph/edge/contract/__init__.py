"""The one declaration of the agents' contract: types, members, operations and the versions that have them."""
