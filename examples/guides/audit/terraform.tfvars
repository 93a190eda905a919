projects = [
  "platform/charts",
  "platform/deploy",
  "security/vault",
]

trusted_namespaces = [
  "platform",
  "security",
]
