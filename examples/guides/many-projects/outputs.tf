output "entries" {
  description = "The IDs of all entries, which are also their import IDs."
  value       = { for ends, entry in gitlab_job_token_allowlist_entry.this : ends => entry.id }
}
