group = "platform"

# Policies that jobs need. The log doesn't show what a job did.
needs = {
  "platform/apps"              = ["READ_PACKAGES"]
  "platform/deploy"            = ["READ_PACKAGES", "READ_REPOSITORIES"]
  "platform/tools/release-bot" = ["ADMIN_PACKAGES", "ADMIN_RELEASES"]
  "security/scanner"           = ["READ_REPOSITORIES"]
}
