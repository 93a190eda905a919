output "entries" {
  description = "The ids of all entries by their ends; each can be imported by its id."
  value       = { for ends, entry in gitlab_job_token_allowlist_entry.this : ends => entry.id }
}
