// Room: plan. The table of mount options.
#include "mount_options.hpp"

#include <algorithm>
#include <array>

#include "cleat/base/text.hpp"
#include "numbers.hpp"

namespace cleat::plan {
namespace {

/// An option in terms of mount_setattr(2), for one mount or, with an r in front, for all below too.
struct Attribute {
    std::string_view name;
    std::uint64_t set;
    std::uint64_t clear;
};

// The three ways to keep access times are one field of the kernel's, always changed as a whole;
// relatime is its zero and the kernel's default, so the negations lead back to it.
constexpr std::array kAttributes = std::to_array<Attribute>({
    {"ro", kMountReadonly, 0},
    {"rw", 0, kMountReadonly},
    {"nosuid", kMountNosuid, 0},
    {"suid", 0, kMountNosuid},
    {"nodev", kMountNodev, 0},
    {"dev", 0, kMountNodev},
    {"noexec", kMountNoexec, 0},
    {"exec", 0, kMountNoexec},
    {"nodiratime", kMountNodiratime, 0},
    {"diratime", 0, kMountNodiratime},
    {"nosymfollow", kMountNosymfollow, 0},
    {"symfollow", 0, kMountNosymfollow},
    {"noatime", kMountNoatime, kMountAtimeMask},
    {"atime", 0, kMountAtimeMask},
    {"strictatime", kMountStrictatime, kMountAtimeMask},
    {"nostrictatime", 0, kMountAtimeMask},
    {"relatime", 0, kMountAtimeMask},
    {"norelatime", 0, kMountAtimeMask},
});

struct Propagation {
    std::string_view name;
    std::uint64_t value;
};
constexpr std::array kPropagations = std::to_array<Propagation>({
    {"shared", kShared},
    {"slave", kSlave},
    {"private", kPrivate},
    {"unbindable", kUnbindable},
    {"rshared", kShared | kRecursive},
    {"rslave", kSlave | kRecursive},
    {"rprivate", kPrivate | kRecursive},
    {"runbindable", kUnbindable | kRecursive},
});

/// Options of the superblock, and what fsconfig(2) calls them; "" where it has no word because
/// there is nothing left to ask for: the mount API is always silent, always versions inodes that
/// can be, and a new superblock is without what the negations take away.
struct SuperblockOption {
    std::string_view name;
    std::string_view parameter;
};
constexpr std::array kSuperblockOptions = std::to_array<SuperblockOption>({
    {"defaults", ""},
    {"sync", "sync"},
    {"async", "async"},
    {"dirsync", "dirsync"},
    {"mand", "mand"},
    {"nomand", "nomand"},
    {"lazytime", "lazytime"},
    {"nolazytime", "nolazytime"},
    {"acl", "posixacl"},
    {"noacl", ""},
    {"iversion", ""},
    {"noiversion", ""},
    {"silent", ""},
    {"loud", ""},
});

/// Options that say what kind of mount it is.
struct Manner {
    std::string_view name;
    void (*note)(MountOptions&);
};
constexpr std::array kManners = std::to_array<Manner>({
    {"bind", [](MountOptions& parsed) { parsed.bind = std::max(parsed.bind, Depth::Top); }},
    {"rbind", [](MountOptions& parsed) { parsed.bind = Depth::Recursive; }},
    {"idmap", [](MountOptions& parsed) { parsed.idmap = Depth::Top; }},
    {"ridmap", [](MountOptions& parsed) { parsed.idmap = Depth::Recursive; }},
    {"remount", [](MountOptions& parsed) { parsed.remount = true; }},
    {"tmpcopyup", [](MountOptions& parsed) { parsed.copy_up = true; }},
    {"copy-symlink", [](MountOptions& parsed) { parsed.copy_symlink = true; }},
    {"src-nofollow", [](MountOptions& parsed) { parsed.source_no_follow = true; }},
    {"dest-nofollow", [](MountOptions& parsed) { parsed.destination_no_follow = true; }},
});

template <class Table>
const auto* find_name(const Table& table, std::string_view name) {
    const auto found =
        std::ranges::find_if(table, [name](const auto& row) { return row.name == name; });
    return found == table.end() ? nullptr : &*found;
}

void merge(std::uint64_t& set, std::uint64_t& clear, const Attribute& attribute) {
    set = (set & ~attribute.clear) | attribute.set;
    // What is set again need not be cleared; but the field of access times is cleared as a whole.
    clear = (clear & ~(attribute.set & ~kMountAtimeMask)) | attribute.clear;
}

bool note_attribute(std::string_view option, MountFlags& flags) {
    if (const auto* attribute = find_name(kAttributes, option)) {
        merge(flags.set, flags.clear, *attribute);
        return true;
    }
    if (!option.starts_with('r')) return false;
    const auto* attribute = find_name(kAttributes, option.substr(1));
    if (attribute == nullptr) return false;
    merge(flags.recursive_set, flags.recursive_clear, *attribute);
    return true;
}

bool note_superblock(std::string_view option, MountOptions& parsed) {
    const auto* known = find_name(kSuperblockOptions, option);
    if (known == nullptr) return false;
    if (!known->parameter.empty()) parsed.superblock.emplace_back(known->parameter, "");
    return true;
}

bool note_manner(std::string_view option, MountOptions& parsed) {
    const auto* known = find_name(kManners, option);
    if (known == nullptr) return false;
    known->note(parsed);
    return true;
}

bool note_propagation(std::string_view option, MountFlags& flags) {
    const auto propagation = propagation_of(option);
    if (propagation == 0) return false;
    flags.propagation.push_back(propagation);
    return true;
}

std::pair<std::string, std::string> key_and_value(std::string_view option) {
    const auto equals = option.find('=');
    if (equals == std::string_view::npos) return {std::string(option), ""};
    return {std::string(option.substr(0, equals)), std::string(option.substr(equals + 1))};
}

}  // namespace

MountOptions parse_mount_options(const std::vector<std::string>& options) {
    MountOptions parsed;
    for (std::size_t i = 0; i < options.size(); ++i) {
        const auto& option = options[i];
        if (option.empty() || note_attribute(option, parsed.flags) ||
            note_propagation(option, parsed.flags) || note_manner(option, parsed) ||
            note_superblock(option, parsed))
            continue;
        parsed.data.push_back(key_and_value(option));
        parsed.data_indices.push_back(i);
    }
    return parsed;
}

std::uint64_t propagation_of(std::string_view name) noexcept {
    const auto* known = find_name(kPropagations, name);
    return known == nullptr ? 0 : known->value;
}

std::string propagation_name(std::uint64_t propagation) {
    const auto found = std::ranges::find(kPropagations, propagation, &Propagation::value);
    return found == kPropagations.end() ? concat(propagation) : std::string(found->name);
}

std::vector<std::string> attribute_names(std::uint64_t attributes) {
    std::vector<std::string> names;
    for (const auto& attribute : kAttributes) {
        if (attribute.set == 0 || (attributes & attribute.set) == 0) continue;
        names.emplace_back(attribute.name);
    }
    return names;
}

std::vector<std::string> known_mount_options() {
    std::vector<std::string> names;
    for (const auto& attribute : kAttributes) {
        names.emplace_back(attribute.name);
        names.push_back(concat("r", attribute.name));
    }
    for (const auto& propagation : kPropagations) names.emplace_back(propagation.name);
    for (const auto& manner : kManners) names.emplace_back(manner.name);
    for (const auto& option : kSuperblockOptions) names.emplace_back(option.name);
    std::ranges::sort(names);
    return names;
}

}  // namespace cleat::plan
