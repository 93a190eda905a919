# gitlab_job_token_allowlist_entry: one project or group on a project's allowlist.

variables {
  project        = "platform/deploy"
  target_project = "security/scanner"
  target_group   = "platform/apps"
}

run "a_plan_knows_all_numbers" {
  command = plan

  assert {
    condition = gitlab_job_token_allowlist_entry.project.id == join(":", [
      gitlab_job_token_allowlist_entry.project.project_id,
      "project",
      gitlab_job_token_allowlist_entry.project.target_project_id,
    ])
    error_message = "The id of an entry should be made of its numbers."
  }

  assert {
    condition = gitlab_job_token_allowlist_entry.group.id == join(":", [
      gitlab_job_token_allowlist_entry.group.project_id,
      "group",
      gitlab_job_token_allowlist_entry.group.target_group_id,
    ])
    error_message = "The id of an entry should be made of its numbers."
  }
}

run "both_kinds_get_access" {
  assert {
    condition     = contains(data.gitlab_job_token_allowlist.after.projects[*].id, gitlab_job_token_allowlist_entry.project.target_project_id)
    error_message = "The project should be on the list."
  }

  assert {
    condition     = contains(data.gitlab_job_token_allowlist.after.groups[*].id, gitlab_job_token_allowlist_entry.group.target_group_id)
    error_message = "The group should be on the list."
  }

  assert {
    condition     = gitlab_job_token_allowlist_entry.project.target_type == "project" && gitlab_job_token_allowlist_entry.group.target_type == "group"
    error_message = "An entry should say what its target is."
  }
}

run "a_target_has_only_its_own_number" {
  command = plan

  assert {
    condition     = gitlab_job_token_allowlist_entry.project.target_group_id == null && gitlab_job_token_allowlist_entry.group.target_project_id == null
    error_message = "The number of the other kind should be null."
  }
}

# The number in place of the path: the same entry, and nothing to ask of GitLab.
run "another_spelling_is_the_same_entry" {
  variables {
    target_project = run.both_kinds_get_access.target_project_id
    id_before      = run.both_kinds_get_access.ids.project
  }

  assert {
    condition     = gitlab_job_token_allowlist_entry.project.id == var.id_before
    error_message = "Another spelling should change nothing but the spelling."
  }
}

# OpenTofu leaves everything in place if the last run refers to another one.
run "the_path_again_is_the_same_entry" {
  assert {
    condition     = contains(data.gitlab_job_token_allowlist.after.projects[*].id, gitlab_job_token_allowlist_entry.project.target_project_id)
    error_message = "The project should still be on the list."
  }
}
