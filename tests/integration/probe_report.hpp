// Room: tests. What a process can see of itself, as one JSON object.
#pragma once

#include <string>
#include <vector>

namespace probe {

/// Prints it, with the values of these sysctls; the exit status.
int report(char** argv, char** envp, const std::vector<std::string>& sysctl_names);

}  // namespace probe
