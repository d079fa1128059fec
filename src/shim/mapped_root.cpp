// Room: shim. Mounts with mapped ids (mount_setattr(2), MOUNT_ATTR_IDMAP). Runs in an errand.
#include "mapped_root.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include <array>
#include <cerrno>
#include <utility>

#include "cleat/base/text.hpp"
#include "cleat/launch/launch.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/tree.hpp"

namespace cleat::shim {
namespace {

using Maps = decltype(plan::MakeIdMapping::uid_mappings);

Result<Maps> parse_maps(std::string_view option, std::string_view text) {
    constexpr std::size_t kNumbers = 3;
    Maps maps;
    for (const auto map : split(text, ',')) {
        const auto words = split(map, ':');
        std::array<std::uint32_t, kNumbers> numbers{};
        bool right = words.size() == kNumbers;
        for (std::size_t i = 0; right && i < kNumbers; ++i) {
            const auto number = parse_number<std::uint32_t>(words[i]);
            right = number.has_value();
            numbers[i] = number.value_or(0);
        }
        if (!right)
            return fail(ErrorKind::InvalidArgument,
                        concat(option, "=", text, ": not CONTAINER:HOST:SIZE,..."));
        maps.push_back({numbers[0], numbers[1], numbers[2]});
    }
    return maps;
}

/// A mapped copy of the layer lies on the layer itself, so that its path may stay what it is.
Result<void> map_layer(const std::string& layer, int user_namespace) {
    const auto copy = TRY(sys::Tree::clone(sys::kHere, layer.c_str(), sys::Depth::Top));
    TRY(copy.set_attributes({.user_namespace = user_namespace}, sys::Depth::Top));
    const auto below = TRY(sys::open_at(sys::kHere, layer.c_str(), O_PATH));
    return copy.attach_to(below.get());
}

Result<sys::Tree> mount_apart(const MappedMount& wanted,
                              const std::function<Result<void>()>& mount) {
    const auto depth = wanted.layers.empty() ? sys::Depth::Recursive : sys::Depth::Top;
    TRY(sys::set_mount_attributes(sys::kHere, "/", {.propagation = MS_PRIVATE},
                                  sys::Depth::Recursive));
    const auto user_namespace = TRY(launch::make_id_mapping(wanted.mapping));
    for (const auto& layer : wanted.layers) {
        auto mapped = map_layer(layer, user_namespace.get());
        if (!mapped)
            return std::unexpected(
                with_context(std::move(mapped).error(), concat("map the ids of ", layer)));
    }
    TRY(mount());
    auto made = TRY(sys::Tree::clone(sys::kHere, wanted.target.c_str(), depth));
    if (wanted.layers.empty())
        TRY(made.set_attributes({.user_namespace = user_namespace.get()}, depth));
    return made;
}

}  // namespace

Result<plan::MakeIdMapping> parse_id_maps(std::string_view uids, std::string_view gids) {
    return plan::MakeIdMapping{.uid_mappings = TRY(parse_maps("uidmap", uids)),
                               .gid_mappings = TRY(parse_maps("gidmap", gids)),
                               .slot = {}};
}

Result<void> mount_mapped(const MappedMount& wanted, const std::function<Result<void>()>& mount) {
    const auto home = TRY(sys::open_at(sys::kHere, "/proc/self/ns/mnt", O_RDONLY));
    if (::unshare(CLONE_NEWNS) < 0) return fail_errno("make mount namespace", errno);
    auto made = mount_apart(wanted, mount);
    if (::setns(home.get(), CLONE_NEWNS) < 0) return fail_errno("return to the mounts", errno);
    if (!made) return std::unexpected(std::move(made).error());
    const auto target = TRY(sys::open_at(sys::kHere, wanted.target.c_str(), O_PATH));
    return made->attach_to(target.get());
}

}  // namespace cleat::shim
