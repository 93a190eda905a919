variable "projects" {
  description = "Full paths of the projects to check."
  type        = set(string)
}

variable "trusted_namespaces" {
  description = "Full paths of the groups that should contain all targets on the allowlists."
  type        = set(string)
}
