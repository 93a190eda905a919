group = "platform"

# The log doesn't say what a job did, so this can't come from it.
needs = {
  "platform/apps"              = ["READ_PACKAGES"]
  "platform/deploy"            = ["READ_PACKAGES", "READ_REPOSITORIES"]
  "platform/tools/release-bot" = ["ADMIN_PACKAGES", "ADMIN_RELEASES"]
  "security/scanner"           = ["READ_REPOSITORIES"]
}
