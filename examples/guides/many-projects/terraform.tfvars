access = {
  "platform/deploy" = {
    projects = ["security/scanner", "platform/tools/release-bot"]
    groups   = ["platform/apps"]
  }

  "platform/charts" = {
    projects = ["platform/deploy"]
  }
}
