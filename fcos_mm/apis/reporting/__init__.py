"""What a report is made of: predictions, logs, facts about the data and the machine."""
