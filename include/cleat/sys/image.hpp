// Room: sys (layer 1). The program's own image in memory. The kernel maps a file sixteen pages at a
// time, when one of them is touched; where a fault is dear (a virtual machine takes ten
// microseconds or more for it) that is a good part of what a short command costs.
#pragma once

#include <string_view>

namespace cleat::sys {

/// What `create`, `run` and `exec` use of the image: their functions, those of them that children
/// run, and what is only read.
struct WorkingImage {
    std::string_view text;
    std::string_view text_of_children;
    std::string_view constants;
};
void set_working_image(const WorkingImage& image) noexcept;

/// Maps all of that by one system call for each part: when the image was mapped anew, and in a
/// child, which does not inherit what is mapped of a file. Does nothing where the kernel cannot
/// (before Linux 5.14) or nothing is set. A child in the same memory lacks its own functions alone.
enum class Kin { Itself, Child, Sharer };
void map_working_image(Kin kin) noexcept;

}  // namespace cleat::sys
