// Room: cgroup. The directories above a container's cgroup that were made for its sake. They are
// marked, so that whoever empties one removes it: the container that made a shared parent may end
// long before the last one in it does, and a state that is lost knows nothing of parents.
#pragma once

#include <string>

namespace cleat::cgroup {

/// Notes on a directory that cleat made it. Without extended attributes it just stays.
void mark_made(const std::string& path) noexcept;

/// Removes what is marked and empty above `path`, from below, up to the first that is not, and
/// never `mountpoint`.
void remove_made_parents(const std::string& path, const std::string& mountpoint);

}  // namespace cleat::cgroup
