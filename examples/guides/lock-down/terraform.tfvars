estate = {
  "platform/deploy" = {
    projects = ["security/scanner", "platform/tools/release-bot"]
    groups   = ["platform/apps"]
  }

  "platform/charts" = {
    projects = ["platform/deploy"]
    groups   = []
  }

  # Nobody but the project itself.
  "security/vault" = {
    projects = []
    groups   = []
  }
}
