# gitlab_job_token_allowlist_exclusive: the whole allowlist of a project.

variables {
  project         = "platform/deploy"
  target_projects = ["security/scanner", "platform/tools/release-bot"]
  target_groups   = ["platform/apps"]
}

run "the_list_is_what_is_named" {
  assert {
    condition     = toset(data.gitlab_job_token_allowlist.after.projects[*].path) == toset(var.target_projects)
    error_message = "The projects on the list should be those that are named, and no others."
  }

  assert {
    condition     = toset(data.gitlab_job_token_allowlist.after.groups[*].path) == toset(var.target_groups)
    error_message = "The groups on the list should be those that are named, and no others."
  }

  assert {
    condition     = gitlab_job_token_allowlist_exclusive.this.target_project_ids == toset(data.gitlab_job_token_allowlist.after.projects[*].id)
    error_message = "Beside the spellings stand the numbers."
  }
}

# One target less: an update in place, so the others keep their access throughout.
run "a_smaller_set_removes_the_rest_in_place" {
  variables {
    target_projects = ["security/scanner"]
    id_before       = run.the_list_is_what_is_named.id
  }

  assert {
    condition     = toset(data.gitlab_job_token_allowlist.after.projects[*].path) == toset(var.target_projects)
    error_message = "What is no longer named should be off the list."
  }

  assert {
    condition     = gitlab_job_token_allowlist_exclusive.this.id == var.id_before
    error_message = "A change of targets should never replace the list."
  }
}

run "an_empty_set_allows_nobody" {
  variables {
    target_projects = []
  }

  assert {
    condition     = length(data.gitlab_job_token_allowlist.after.projects) == 0
    error_message = "An empty set should leave no project on the list."
  }

  assert {
    condition     = toset(data.gitlab_job_token_allowlist.after.groups[*].path) == toset(var.target_groups)
    error_message = "The groups should be as they were."
  }
}

# Unset is not empty: a kind that is not managed stays as it is.
run "a_kind_that_is_not_named_is_left_alone" {
  variables {
    target_projects = ["security/scanner"]
    target_groups   = null
  }

  assert {
    condition     = length(data.gitlab_job_token_allowlist.after.groups) == 1
    error_message = "Groups that are no longer managed should stay on the list."
  }

  assert {
    condition     = gitlab_job_token_allowlist_exclusive.this.target_group_ids == null
    error_message = "A kind that is not managed should have no numbers."
  }
}

# Back to the start, so that the end of the test removes all that it added.
run "a_kind_can_be_managed_again" {
  assert {
    condition     = toset(data.gitlab_job_token_allowlist.after.groups[*].path) == toset(var.target_groups)
    error_message = "The groups on the list should be those that are named, and no others."
  }
}
