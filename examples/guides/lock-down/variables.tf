variable "allowlists" {
  description = "Every project by full path, with all projects and groups that may access it with job tokens, each with what its jobs may do."
  type = map(object({
    projects = map(set(string))
    groups   = map(set(string))
  }))
}
