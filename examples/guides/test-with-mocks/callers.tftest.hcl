# Without GitLab: mocks generate computed values, such as 0 for an ID.
mock_provider "gitlab" {}

variables {
  project = "platform/deploy"
  callers = ["platform/apps/shop", "security/scanner"]
}

run "each_caller_gets_an_entry" {
  command = plan

  assert {
    condition     = toset(keys(gitlab_job_token_allowlist_entry.caller)) == toset(var.callers)
    error_message = "Each caller must have an entry."
  }
}

run "without_callers_there_are_no_entries" {
  command = plan

  variables {
    callers = []
  }

  assert {
    condition     = length(gitlab_job_token_allowlist_entry.caller) == 0
    error_message = "There must be no entry."
  }
}

run "open_callers_are_reported" {
  assert {
    condition     = length(output.open_callers) == 2
    error_message = "A made-up scope is open, so both callers must be reported."
  }
}
