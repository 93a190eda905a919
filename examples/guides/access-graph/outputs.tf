output "callers" {
  description = "Projects and groups whose jobs can access the project."
  value       = local.callers
}

output "reachable" {
  description = "Projects that jobs of the project can access."
  value       = local.reachable
}

# Prints a table: terraform output -raw table
output "table" {
  description = "One line per entry, with its permissions."
  value = join("\n", concat(
    [format("%-28s %-28s %s", "JOBS OF", "CAN ACCESS", "WITH")],
    [for edge in local.edges : format("%-28s %-28s %s", edge.from, edge.to, join(", ", edge.policies))],
  ))
}

# Prints a diagram. GitLab shows it in a Markdown file, in a code block with the
# language `mermaid`.
output "mermaid" {
  description = "The entries as a Mermaid flowchart."
  value = join("\n", concat(
    ["flowchart LR"],
    [for number, node in local.nodes : "  n${number}[\"${node}\"]"],
    [for edge in local.edges : "  n${index(local.nodes, edge.from)} --> n${index(local.nodes, edge.to)}"],
  ))
}
