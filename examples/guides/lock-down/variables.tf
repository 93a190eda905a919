variable "estate" {
  description = "Every project by full path, with all projects and groups that may access it with job tokens."
  type = map(object({
    projects = set(string)
    groups   = set(string)
  }))
}
