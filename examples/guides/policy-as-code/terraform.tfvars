group = "platform"

projects = {
  "platform/deploy" = {
    projects = {
      "security/scanner" = ["READ_REPOSITORIES"]
    }
    groups = {
      "platform/apps" = ["READ_PACKAGES"]
    }
  }
}
