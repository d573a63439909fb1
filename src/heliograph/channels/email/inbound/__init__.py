"""Mail that comes in: reports of what could not be delivered, answers, and wishes to get no more."""
