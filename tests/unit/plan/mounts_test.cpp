#include "../../../src/plan/mounts.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "sample.hpp"

namespace cleat::plan {
namespace {

using sample::mount;

Result<Plan> mounts_plan(const std::vector<spec::Mount>& mounts,
                         const HostFacts& facts = sample::hybrid_host()) {
    auto spec = sample::minimal();
    spec.mounts = mounts;
    return compile(spec, facts, sample::options());
}

/// The one step that a mount becomes.
template <class Kind>
Kind only(const spec::Mount& one, const HostFacts& facts = sample::hybrid_host()) {
    const auto plan = mounts_plan({one}, facts);
    REQUIRE_MESSAGE(plan, plan.error().what);
    const auto found = sample::all<Kind>(plan->init);
    REQUIRE(found.size() == 1);
    return found[0];
}

std::string refused(const spec::Mount& one, const HostFacts& facts = sample::hybrid_host()) {
    const auto plan = mounts_plan({mount("/proc", "proc", "proc"), one}, facts);
    REQUIRE_FALSE(plan);
    return plan.error().pointer;
}

}  // namespace

TEST_CASE("mounts keep the order of config.json and say which they are") {
    const auto plan =
        mounts_plan({mount("/b", "tmpfs", "tmpfs"), mount("a", "bind", "data", {"bind"})});
    REQUIRE(plan);
    const auto filesystem = sample::all<MountFilesystem>(plan->init).at(0);
    const auto bind = sample::all<BindMount>(plan->init).at(0);
    CHECK(filesystem.destination == "/b");
    CHECK(bind.destination == "/a");
    CHECK(bind.source == "/run/bundle/data");
    std::vector<std::string> origins;
    for (const auto& step : plan->init)
        if (step.origin.starts_with("/mounts")) origins.push_back(step.origin);
    CHECK(origins == std::vector<std::string>{"/mounts/0", "/mounts/1"});
}

TEST_CASE("a bind is one by its type or by its option, recursive only by rbind") {
    CHECK_FALSE(only<BindMount>(mount("/a", "bind", "/x")).recursive);
    CHECK_FALSE(only<BindMount>(mount("/a", "none", "/x", {"bind"})).recursive);
    CHECK(only<BindMount>(mount("/a", "", "/x", {"rbind", "ro"})).recursive);
}

TEST_CASE("an option that has no effect on a bind mount is a warning") {
    const auto plan = mounts_plan({mount("/a", "bind", "/x", {"ro", "size=5"})});
    REQUIRE(plan);
    CHECK(plan->warnings.at(0).pointer.ends_with("/options/1"));
}

TEST_CASE("options that a mount cannot take are rejected by name") {
    CHECK(refused(mount("/a", "none", "", {"remount", "size=5"})) == "/mounts/1/options/1");
    CHECK(refused(mount("/a", "cgroup", "cgroup", {"bananas"})) == "/mounts/1/options/0");
    CHECK(refused(mount("/a", "proc", "proc", {"tmpcopyup"})) == "/mounts/1/options/0");
    CHECK(refused(mount("/a", "", "x")) == "/mounts/1/type");
}

TEST_CASE("a remount changes flags and nothing else") {
    const auto step = only<Remount>(mount("/a", "none", "", {"bind", "remount", "ro"}));
    CHECK(step.destination == "/a");
    CHECK(step.flags.set == kMountReadonly);
}

TEST_CASE("symlinks of a bind mount are followed unless an option says otherwise") {
    const auto plain = only<BindMount>(mount("/a", "bind", "/x"));
    CHECK((plain.follow_source && plain.follow_destination && !plain.copy_symlink));
    const auto kept = only<BindMount>(mount("/a", "bind", "/x", {"src-nofollow", "dest-nofollow"}));
    CHECK_FALSE((kept.follow_source || kept.follow_destination || kept.copy_symlink));
    CHECK(only<BindMount>(mount("/a", "bind", "/x", {"copy-symlink"})).copy_symlink);
    for (const char* option : {"src-nofollow", "dest-nofollow"})
        CHECK(refused(mount("/a", "bind", "/x", {option, "copy-symlink"})) ==
              "/mounts/1/options/1");
    for (const char* option : {"copy-symlink", "src-nofollow", "dest-nofollow"}) {
        CHECK(refused(mount("/a", "tmpfs", "tmpfs", {option})) == "/mounts/1/options/0");
        CHECK(refused(mount("/a", "", "", {"bind", "remount", option})) == "/mounts/1/options/2");
    }
}

TEST_CASE("the host opens a symlink itself where it is not to be followed") {
    for (const char* option : {"copy-symlink", "src-nofollow", "dest-nofollow"}) {
        auto spec = sample::remapped();
        spec.mounts = {mount("/a", "bind", "/x", {option})};
        const auto plan = compile(spec, sample::hybrid_host(), sample::options());
        REQUIRE(plan);
        const auto sources = sample::all<OpenSource>(plan->host);
        const auto source = std::ranges::find(sources, "/x", &OpenSource::path);
        REQUIRE(source != sources.end());
        CHECK(source->follow == (std::string_view(option) == "dest-nofollow"));
    }
}

TEST_CASE("devpts needs no word for a new instance") {
    const auto step = only<MountFilesystem>(
        mount("/dev/pts", "devpts", "devpts", {"newinstance", "mode=0620", "gid=5"}));
    CHECK(step.data ==
          std::vector<std::pair<std::string, std::string>>{{"mode", "0620"}, {"gid", "5"}});
}

TEST_CASE("sysfs and proc fall back to the host's where the kernel refuses new ones") {
    auto nested = sample::unified_host();
    nested.user_namespace_of_own = Ability::Present;
    const auto proc = mount("/proc", "proc", "proc");
    const auto sysfs = mount("/sys", "sysfs", "sysfs");
    CHECK(only<MountFilesystem>(sysfs).fallback == FilesystemFallback::None);
    CHECK(only<MountFilesystem>(sysfs, nested).fallback == FilesystemFallback::BindHost);
    CHECK(only<MountFilesystem>(proc).fallback == FilesystemFallback::None);
    CHECK(only<MountFilesystem>(proc, nested).fallback == FilesystemFallback::BindHost);
}

TEST_CASE("an idmapped bind takes its own mappings or those of the new user namespace") {
    auto own = mount("/a", "bind", "/x", {"ridmap"});
    own.uid_mappings = {{.container_id = 0, .host_id = 7, .size = 1}};
    own.gid_mappings = {{.container_id = 0, .host_id = 8, .size = 1}};
    CHECK(only<BindMount>(own).recursive_idmap);
    CHECK(only<BindMount>(own).gid_mappings.at(0).host_id == 8);

    auto spec = sample::remapped();
    spec.mounts = {mount("/a", "bind", "/x", {"idmap"})};
    const auto plan = compile(spec, sample::hybrid_host(), sample::options());
    REQUIRE(plan);
    CHECK(sample::all<BindMount>(plan->init).at(0).uid_mappings.at(0).host_id == 100000);

    CHECK(refused(mount("/a", "bind", "/x", {"idmap"})) == "/mounts/1");
    own.type = "tmpfs";
    CHECK(refused(own) == "/mounts/1/uidMappings");
}

TEST_CASE("the host opens the sources of a new user namespace, root and devices included") {
    const auto plan = compile(sample::remapped(), sample::hybrid_host(), sample::options());
    REQUIRE(plan);
    CHECK(broken_invariants(*plan) == std::vector<std::string>{});
    const auto sources = sample::all<OpenSource>(plan->host);
    REQUIRE(sources.size() == 1 + 1 + 6);
    CHECK(sources[0].path == "/run/bundle/rootfs");
    CHECK(sources[0].recursive);
    CHECK(sources[1].path == "/var/lib/engine/hosts");
    CHECK(sources[2].path == "/dev/null");
    CHECK(sample::all<OpenRoot>(plan->init).at(0).slot == sources[0].slot);
}

TEST_CASE("a rootless host opens nothing that init cannot open itself") {
    auto spec = sample::remapped();
    spec.linux.resources.reset();
    const auto plan = compile(spec, sample::rootless_host(), sample::options());
    REQUIRE(plan);
    CHECK(sample::all<OpenSource>(plan->host).empty());
    CHECK(plan->slots == 0);
}

TEST_CASE("the parent opens sources that stay in the peer group of the host's mount") {
    auto spec = sample::minimal();
    sample::add_namespace(spec, spec::NamespaceType::Mount);
    spec.mounts = {mount("/a", "bind", "/x", {"rbind", "rshared"}),
                   mount("/b", "bind", "/y", {"rbind", "rslave"})};
    const auto peers = [&spec](const char* root) {
        spec.linux.rootfs_propagation = root;
        const auto plan = compile(spec, sample::hybrid_host(), sample::options());
        REQUIRE(plan);
        std::string paths;
        for (const auto& source : sample::all<OpenSource>(plan->host)) {
            CHECK(source.propagation == 0);
            paths += source.path;
        }
        return paths;
    };
    CHECK(peers("") == "");
    CHECK(peers("rslave") == "");
    CHECK(peers("rprivate") == "");
    CHECK(peers("private") == "/x");
    CHECK(peers("slave") == "/x");
    CHECK(peers("shared") == "/x/y");
    CHECK(peers("rshared") == "/x/y");
}

TEST_CASE("init opens a source that an earlier mount makes") {
    auto spec = sample::remapped();
    spec.mounts = {mount("/a", "tmpfs", "tmpfs"), mount("/b", "bind", "rootfs/a/dir", {"rbind"}),
                   mount("/c", "bind", "rootfs/other", {"rbind"})};
    const auto plan = compile(spec, sample::hybrid_host(), sample::options());
    REQUIRE(plan);
    const auto binds = sample::all<BindMount>(plan->init);
    REQUIRE(binds.size() >= 2);
    CHECK(binds[0].source_in_root);
    CHECK(binds[0].source == "/a/dir");
    CHECK_FALSE(binds[0].slot);
    CHECK_FALSE(binds[1].source_in_root);
    CHECK(binds[1].slot);
}

TEST_CASE("a mount that is filled later is read-only after that") {
    const auto plan = mounts_plan(
        {mount("/t", "tmpfs", "tmpfs", {"ro"}), mount("/t/sub", "tmpfs", "tmpfs", {"ro"}),
         mount("/b", "bind", "/x", {"ro"}), mount("/b", "bind", "/y", {"ro"})});
    REQUIRE(plan);
    const auto mounts = sample::all<MountFilesystem>(plan->init);
    CHECK((mounts.at(0).flags.set & kMountReadonly) == 0);
    CHECK((mounts.at(1).flags.set & kMountReadonly) != 0);
    for (const auto& bind : sample::all<BindMount>(plan->init))
        CHECK((bind.flags.set & kMountReadonly) != 0);
    const auto later = sample::all<SetMountReadonly>(plan->init);
    REQUIRE(later.size() == 1);
    CHECK(later[0].destination == "/t");
}

TEST_CASE("a path below another") {
    CHECK(path_below("/b/rootfs", "/b/rootfs/a//c") == "/a/c");
    CHECK(path_below("/b/rootfs", "/b/rootfs2/a") == "");
    CHECK(path_below("/b/rootfs", "/b/rootfs/") == "/");
    CHECK(path_below("/", "/a") == "/a");
    CHECK(path_below("/a", "/") == "");
}

TEST_CASE("the parent makes the mapping of an idmapped mount and init applies it") {
    auto own = mount("/a", "bind", "/x", {"ridmap"});
    own.uid_mappings = {{.container_id = 0, .host_id = 7, .size = 1}};
    own.gid_mappings = {{.container_id = 0, .host_id = 8, .size = 1}};
    const auto plan = mounts_plan({own});
    REQUIRE(plan);
    CHECK(broken_invariants(*plan) == std::vector<std::string>{});
    const auto mapping = sample::all<MakeIdMapping>(plan->host).at(0);
    const auto bind = sample::all<BindMount>(plan->init).at(0);
    CHECK(mapping.uid_mappings.at(0).host_id == 7);
    CHECK(bind.id_mapping == mapping.slot);
    CHECK(bind.recursive_idmap);
    CHECK_FALSE(bind.slot);
}

TEST_CASE("a private container is cut off from the host's later mounts") {
    spec::Linux linux;
    CHECK(initial_propagation(linux) == (kSlave | kRecursive));
    linux.rootfs_propagation = "shared";
    CHECK(initial_propagation(linux) == (kSlave | kRecursive));
    linux.rootfs_propagation = "rprivate";
    CHECK(initial_propagation(linux) == (kPrivate | kRecursive));
    linux.rootfs_propagation = "private";
    CHECK(initial_propagation(linux) == (kSlave | kRecursive));
    linux.rootfs_propagation = "runbindable";
    CHECK(initial_propagation(linux) == (kPrivate | kRecursive));
}

TEST_CASE("file systems that can be labelled are") {
    auto facts = sample::hybrid_host();
    facts.selinux = Ability::Present;
    auto spec = sample::minimal();
    spec.linux.mount_label = "u:r:t:s0:c1,c2";
    spec.mounts = {mount("/proc", "proc", "proc"), mount("/tmp", "tmpfs", "tmpfs")};
    const auto plan = compile(spec, facts, sample::options());
    REQUIRE(plan);
    const auto mounts = sample::all<MountFilesystem>(plan->init);
    CHECK(mounts.at(0).data.empty());
    CHECK(mounts.at(1).data.at(0) ==
          std::pair<std::string, std::string>{"context", "u:r:t:s0:c1,c2"});
}

}  // namespace cleat::plan
