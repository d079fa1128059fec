// Room: spec. Rules of /mounts (config.md#mounts).
#include <algorithm>

#include "check.hpp"

namespace cleat::spec {
namespace {

bool is_bind(const Mount& mount) {
    return mount.type == "bind" || mount.type == "rbind" ||
           std::ranges::any_of(mount.options, [](const auto& option) {
               return option == "bind" || option == "rbind";
           });
}

bool is_remount(const Mount& mount) {
    return std::ranges::find(mount.options, "remount") != mount.options.end();
}

void check_one(const Mount& mount, const std::string& pointer, Complaints& complaints) {
    // A relative one is deprecated, but has its meaning: below "/" (config.md#mounts).
    if (mount.destination.empty())
        complaints.add(pointer + "/destination", "destination must not be empty");
    if (mount.uid_mappings.empty() != mount.gid_mappings.empty())
        complaints.add(pointer + "/uidMappings", "uidMappings and gidMappings come together");
    check_id_mappings(mount.uid_mappings, pointer + "/uidMappings", complaints);
    check_id_mappings(mount.gid_mappings, pointer + "/gidMappings", complaints);
    if (!mount.uid_mappings.empty() && !is_bind(mount))
        complaints.add(pointer + "/uidMappings", "an idmapped mount must be a bind mount");
    if (is_bind(mount) && mount.source.empty() && !is_remount(mount))
        complaints.add(pointer + "/source", "a bind mount needs a source");
    if (!is_bind(mount) && mount.type.empty() && !is_remount(mount))
        complaints.add(pointer + "/type", "is required for a mount that is no bind mount");
}

}  // namespace

void check_mounts(const std::vector<Mount>& mounts, std::string_view pointer,
                  Complaints& complaints) {
    for (std::size_t i = 0; i < mounts.size(); ++i)
        check_one(mounts[i], concat(pointer, "/", i), complaints);
}

}  // namespace cleat::spec
