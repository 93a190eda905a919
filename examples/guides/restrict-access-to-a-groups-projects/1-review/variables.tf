variable "group" {
  description = "Group whose projects to read, including the projects of its subgroups."
  type        = string
}

variable "needs" {
  description = "Projects and groups by full path, with the policies that their jobs need wherever they have access."
  type        = map(set(string))
  default     = {}
}
