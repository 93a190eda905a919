# gitlab_job_token_scope: is access limited to the allowlist?

variables {
  project = "platform/deploy"
}

run "the_default_is_limited_access" {
  command = plan

  assert {
    condition     = gitlab_job_token_scope.this.inbound_enabled
    error_message = "Without inbound_enabled, access should be limited."
  }
}

run "the_number_is_known_before_the_apply" {
  command = plan

  assert {
    condition     = gitlab_job_token_scope.this.id == tostring(gitlab_job_token_scope.this.project_id)
    error_message = "The id should be the number of the project, as text."
  }
}

run "it_takes_the_setting_over" {
  assert {
    condition     = gitlab_job_token_scope.this.inbound_enabled
    error_message = "Access should be limited."
  }

  assert {
    condition     = gitlab_job_token_scope.this.project == var.project
    error_message = "The project should stay as it was written."
  }
}

# The number in place of the path: the same project, so the same object.
run "another_spelling_is_the_same_project" {
  variables {
    project   = run.it_takes_the_setting_over.id
    id_before = run.it_takes_the_setting_over.id
  }

  assert {
    condition     = gitlab_job_token_scope.this.id == var.id_before
    error_message = "Another spelling should change nothing but the spelling."
  }
}

# Opening a project is warned of in the plan. A condition in a module can forbid
# it, before anything is done.
run "a_module_can_forbid_to_open_a_project" {
  command = plan

  variables {
    inbound_enabled = false
  }

  expect_failures = [
    gitlab_job_token_scope.this,
  ]
}

run "a_project_is_opened_in_place" {
  variables {
    inbound_enabled = false
    may_be_open     = true
    id_before       = run.another_spelling_is_the_same_project.id
  }

  assert {
    condition     = !gitlab_job_token_scope.this.inbound_enabled
    error_message = "The project should be open."
  }

  assert {
    condition     = gitlab_job_token_scope.this.id == var.id_before
    error_message = "A change of the setting should never replace the resource."
  }
}

# OpenTofu leaves everything in place if the last run refers to another one.
run "an_open_project_stays_open" {
  variables {
    inbound_enabled = false
    may_be_open     = true
  }

  assert {
    condition     = !gitlab_job_token_scope.this.inbound_enabled
    error_message = "The project should still be open."
  }
}

# The end of the test destroys the resource, which restricts access again.
