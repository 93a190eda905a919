# gitlab_job_token_scope and gitlab_job_token_allowlist, to be read.

variables {
  project         = "platform/charts"
  target_projects = ["security/scanner", "platform/deploy"]
  target_groups   = ["platform/apps"]
}

run "the_scope_is_read" {
  assert {
    condition     = data.gitlab_job_token_scope.this.inbound_enabled
    error_message = "The scope should be what was set."
  }

  assert {
    condition     = data.gitlab_job_token_scope.this.project_id == gitlab_job_token_scope.this.project_id
    error_message = "The number should be that of the project."
  }
}

run "the_allowlist_is_read_sorted_by_path_and_without_the_project_itself" {
  assert {
    condition     = data.gitlab_job_token_allowlist.this.projects[*].path == sort(var.target_projects)
    error_message = "Both projects should be on the list, by path."
  }

  assert {
    condition     = data.gitlab_job_token_allowlist.this.groups[*].path == sort(var.target_groups)
    error_message = "The group should be on the list."
  }
}

run "each_target_is_told_in_full" {
  assert {
    condition = alltrue([
      for target in concat(data.gitlab_job_token_allowlist.this.projects, data.gitlab_job_token_allowlist.this.groups) :
      target.id > 0 && length(target.name) > 0 && endswith(target.web_url, target.path)
    ])
    error_message = "Each target should have its number, name, path and page."
  }
}

# This is how a check of yours would tell of an open project.
run "a_check_finds_an_open_project" {
  variables {
    open = true
  }

  expect_failures = [
    check.the_project_is_limited,
  ]
}
