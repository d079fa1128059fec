// Room: kernel. User namespaces for idmapped mounts. Runs in init.
#include "idmap.hpp"

#include <fcntl.h>

#include <algorithm>
#include <vector>

#include "cleat/sys/files.hpp"
#include "failed.hpp"

namespace cleat::kernel {
namespace {

using Mappings = std::vector<spec::IdMapping>;

/// The numbers of a line of uid_map (user_namespaces(7)), which are padded with blanks.
std::vector<std::uint32_t> numbers_of(std::string_view line) {
    std::vector<std::uint32_t> numbers;
    for (const auto part : split(line, ' '))
        if (const auto number = parse_number<std::uint32_t>(part)) numbers.push_back(*number);
    return numbers;
}

/// Whether the lines of a map file are these mappings, in any order.
bool has_mappings(std::string_view text, const Mappings& wanted) {
    std::size_t lines = 0;
    for (const auto line : split(text, '\n')) {
        if (line.empty()) continue;
        const auto numbers = numbers_of(line);
        const bool found =
            numbers.size() == 3 && std::ranges::any_of(wanted, [&numbers](const auto& mapping) {
                return mapping.container_id == numbers[0] && mapping.host_id == numbers[1] &&
                       mapping.size == numbers[2];
            });
        if (!found) return false;
        ++lines;
    }
    return lines == wanted.size();
}

Result<std::string> own_map(const Context& context, const char* path) {
    const sys::Fd file = TRY(sys::open_proc_file(context.proc.get(), path, O_RDONLY));
    return sys::read_all(file.get());
}

}  // namespace

Result<sys::Fd> user_namespace_for(const plan::BindMount& step, const Context& context) {
    const std::string uids = TRY(own_map(context, "self/uid_map"));
    const std::string gids = TRY(own_map(context, "self/gid_map"));
    if (!has_mappings(uids, step.uid_mappings) || !has_mappings(gids, step.gid_mappings))
        return fail(ErrorKind::Unsupported,
                    "idmapped mount: only the mappings of the container's own user namespace work");
    const auto names =
        TRY(sys::open_proc_file(context.proc.get(), "self/ns", O_PATH | O_DIRECTORY));
    return sys::open_at(names.get(), "user", O_RDONLY);
}

}  // namespace cleat::kernel
