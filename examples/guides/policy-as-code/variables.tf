variable "projects" {
  description = "Every project by full path, with its settings, and the projects and groups that can access it with job tokens."
  type = map(object({
    inbound_enabled    = optional(bool, true)
    cross_project_push = optional(bool)
    projects           = map(set(string))
    groups             = map(set(string))
  }))
}

variable "group" {
  description = "Group whose projects are checked, including projects that aren't managed here."
  type        = string
}
