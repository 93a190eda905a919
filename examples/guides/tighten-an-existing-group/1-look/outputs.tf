# Evidence to read: terraform output -raw log
output "log" {
  description = "Who has used a job token against which project, when, and by which entry."
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

# A file to start from:
# terraform output -raw allowlists > ../2-restrict/allowlists.auto.tfvars
output "allowlists" {
  description = "The value of `allowlists` for 2-restrict: each project with all that it needs to let in."
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
