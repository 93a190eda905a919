allowlists = {
  "platform/deploy" = {
    projects = {
      "security/scanner"           = ["READ_REPOSITORIES"]
      "platform/tools/release-bot" = ["ADMIN_PACKAGES", "ADMIN_RELEASES"]
    }
    groups = {
      "platform/apps" = ["READ_PACKAGES"]
    }
  }

  "platform/charts" = {
    projects = {
      "platform/deploy" = ["READ_PACKAGES", "READ_REPOSITORIES"]
    }
    groups = {}
  }

  # Only the project itself.
  "security/vault" = {
    projects = {}
    groups   = {}
  }
}
