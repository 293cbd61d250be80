"""Who gets the feature: flag, percentage, list of users."""
