variable "group" {
  description = "Group whose projects to read, including the projects of its subgroups."
  type        = string
}

variable "project" {
  description = "Full path of the project to check."
  type        = string
}
