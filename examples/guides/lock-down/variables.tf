variable "allowlists" {
  description = "Projects by full path, with all projects and groups that can access them, and the policies of each."
  type = map(object({
    projects = map(set(string))
    groups   = map(set(string))
  }))
}
