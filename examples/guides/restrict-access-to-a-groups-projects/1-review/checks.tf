# Checks that fail print warnings with every plan, and change nothing.
check "every_project_is_restricted" {
  assert {
    condition     = length(local.open) == 0
    error_message = "Open to the job tokens of all projects: ${join(", ", local.open)}."
  }
}

check "every_caller_has_an_entry" {
  assert {
    condition = alltrue([for callers in local.callers : length(callers) == 0])
    error_message = "Without an entry: ${join(", ", flatten([
      for path, callers in local.callers : [for caller in keys(callers) : "${path} <- ${caller}"]
    ]))}."
  }
}

check "every_entry_is_used" {
  assert {
    condition = alltrue([for unused in local.unused : length(unused) == 0])
    error_message = "Not used in the last 30 days: ${join(", ", flatten([
      for path, unused in local.unused : [for target in values(unused) : "${path} <- ${target}"]
    ]))}."
  }
}

check "every_target_has_policies" {
  assert {
    condition     = length(local.undecided) == 0
    error_message = "Add these to `needs`, or their jobs keep all permissions: ${join(", ", local.undecided)}."
  }
}
