"""What members and their moderators do: submissions, polls, credits, rights, privacy."""
