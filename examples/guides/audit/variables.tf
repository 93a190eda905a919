variable "projects" {
  description = "Full paths of the projects to look at."
  type        = set(string)
}

variable "trusted_namespaces" {
  description = "Full paths of the groups below which every target of an allowlist should be."
  type        = set(string)
}
