# Prints a table: terraform output -raw log
output "log" {
  description = "Projects that have accessed each project with job tokens, when, and by which entry."
  value = join("\n", concat(
    [format("%-28s %-28s %-22s %s", "PROJECT", "USED BY JOBS OF", "LAST", "ENTRY")],
    flatten([
      for path, log in data.gitlab_job_token_authentication_log.this : [
        for caller in log.projects :
        format("%-28s %-28s %-22s %s", path, caller.path, caller.last_authorized_at, coalesce(caller.allowed_by, "none"))
      ]
    ]),
  ))
}

# Writes the allowlists:
# terraform output -raw allowlists > ../2-restrict/allowlists.auto.tfvars
output "allowlists" {
  description = "The value of `allowlists` for 2-restrict: each project with the targets that need access."
  value = join("\n", flatten([
    "allowlists = {",
    [
      for path, lists in local.allowlists : [
        "  ${jsonencode(path)} = {",
        [
          for kind in ["project", "group"] : length(lists[kind]) == 0 ? ["    ${kind}s = {}"] : flatten([
            "    ${kind}s = {",
            [
              for target, policies in lists[kind] : format("      %s = { %s }", jsonencode(target),
                policies == null ? "default_permissions = true" : "job_token_policies = ${jsonencode(policies)}"
              )
            ],
            "    }",
          ])
        ],
        "  }",
      ]
    ],
    "}",
    "",
  ]))
}
