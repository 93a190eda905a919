variable "access" {
  description = "Who may access which project with job tokens: full paths of projects and groups by the full path of the project they need."
  type = map(object({
    projects = optional(set(string), [])
    groups   = optional(set(string), [])
  }))
}
