# Checks that fail print warnings, so that a pipeline shows all of them at once.
check "no_group_has_default_permissions" {
  assert {
    condition     = length(local.generous) == 0
    error_message = "Groups with the default permissions: ${join(", ", local.generous)}."
  }
}

check "every_entry_is_used" {
  assert {
    condition     = length(local.unused) == 0
    error_message = "Entries of ${var.project} that nobody used for 30 days: ${join(", ", local.unused)}."
  }
}

check "no_project_is_open_to_pushes" {
  assert {
    condition     = length(local.pushable) == 0
    error_message = "Jobs of other projects can push: ${join(", ", local.pushable)}."
  }
}
