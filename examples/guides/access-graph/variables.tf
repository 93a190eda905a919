variable "group" {
  description = "Group whose projects to look at, those of its subgroups included."
  type        = string
}

variable "project" {
  description = "Full path of the project that the questions are about."
  type        = string
}
