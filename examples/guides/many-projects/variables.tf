variable "access" {
  description = "Projects by full path, with the full paths of the projects and groups that can access them with job tokens."
  type = map(object({
    projects = optional(set(string), [])
    groups   = optional(set(string), [])
  }))
}
