// Unit tests of spec/annotations.cpp.
#include "cleat/spec/annotations.hpp"

#include "documents.hpp"

namespace cleat::spec {
namespace {

std::string annotated(std::string_view name, std::string_view value, std::string linux = "") {
    return documents::config(
        {.more = concat(R"(, "annotations": {")", name, R"(": ")", value, "\"}"),
         .process = {},
         .linux = std::move(linux)});
}

}  // namespace

TEST_CASE("annotations that nobody knows are the user's own") {
    for (const char* name : {"org.example.a", "run.oci.something", "run.oci"})
        CHECK_MESSAGE(documents::problems_of(annotated(name, "x")) == "", name);
}

TEST_CASE("an annotation that cannot be honoured is refused by its name") {
    struct Case {
        const char* name;
        const char* value;
        const char* message;
    };
    for (const auto& [name, value, message] : {
             Case{"run.oci.handler", "krun", "no handlers"},
             Case{"run.oci.systemd.subgroup", "../x", "not the path of a cgroup"},
             Case{"run.oci.systemd.subgroup", "/x", "not the path of a cgroup"},
             Case{"run.oci.delegate-cgroup", "a//b", "not the path of a cgroup"},
             Case{"run.oci.delegate-cgroup", "cgroup.procs", "not the path of a cgroup"},
             Case{"run.oci.seccomp.plugins", "a.so", "loads no code"},
             Case{"run.oci.mount_context_type", "label", "no type of context"},
             Case{"run.oci.seccomp.receiver", "a", "absolute"},
             Case{"run.oci.pidfd_receiver", "", "absolute"},
             Case{"run.oci.hooks.stdout", "log", "absolute"},
             Case{"run.oci.hooks.stderr", "log", "absolute"},
             Case{"run.oci.systemd.force_cgroup_v1", "/none", "no mount has the destination"},
             Case{"run.oci.seccomp_bpf_data", "AAA", "not base64"},
             Case{"run.oci.seccomp_bpf_data", "A!AA", "not base64"},
             Case{"run.oci.seccomp_bpf_data", "", "no list of BPF"},
             Case{"run.oci.seccomp_bpf_data", "AAAA", "no list of BPF"},
         })
        documents::check_mistake(decode_config(annotated(name, value)),
                                 {value, concat("/annotations/", name).c_str(), message});
}

TEST_CASE("what asks for nothing that is not there already is taken") {
    for (const char* name : {"run.oci.handler", "run.oci.systemd.subgroup",
                             "run.oci.delegate-cgroup", "run.oci.seccomp.plugins"})
        CHECK_MESSAGE(documents::problems_of(annotated(name, "")) == "", name);
}

TEST_CASE("annotations are read into typed options") {
    const auto read = read_annotations({{"run.oci.mount_context_type", "rootcontext"},
                                        {"run.oci.seccomp.receiver", "/s"},
                                        {"run.oci.seccomp_fail_unknown_syscall", "1"},
                                        {"run.oci.seccomp_bpf_data", "BgAAAAAA/38="},
                                        {"run.oci.keep_original_groups", "1"},
                                        {"run.oci.pidfd_receiver", "/p"},
                                        {"run.oci.hooks.stdout", "/o"},
                                        {"run.oci.hooks.stderr", "/e"},
                                        {"run.oci.systemd.subgroup", "s/t"},
                                        {"run.oci.delegate-cgroup", "d"},
                                        {"run.oci.systemd.force_cgroup_v1", "/c"}});
    CHECK(read.mount_context_type == "rootcontext");
    CHECK(read.seccomp_receiver == "/s");
    CHECK(read.seccomp_fail_unknown_syscall);
    CHECK(read.seccomp_bpf_data == std::vector<std::uint8_t>{6, 0, 0, 0, 0, 0, 0xff, 0x7f});
    CHECK(read.keep_original_groups);
    CHECK(read.pidfd_receiver == "/p");
    CHECK(read.hooks_stdout == "/o");
    CHECK(read.hooks_stderr == "/e");
    CHECK(read.force_cgroup_v1 == "/c");
    CHECK(read.systemd_subgroup == "s/t");
    CHECK(read.delegate_cgroup == "d");
    const auto none = read_annotations({{"a", "b"}});
    CHECK(none.mount_context_type == "context");
    CHECK_FALSE(none.keep_original_groups);
    CHECK_FALSE(none.seccomp_fail_unknown_syscall);
}

TEST_CASE("the value 0 turns an option off, every other value turns it on") {
    for (const auto& [value, on] : {std::pair{"0", false}, {"1", true}, {"", true}, {"00", true}}) {
        const auto read = read_annotations({{"run.oci.keep_original_groups", value},
                                            {"run.oci.seccomp_fail_unknown_syscall", value}});
        CHECK(read.keep_original_groups == on);
        CHECK(read.seccomp_fail_unknown_syscall == on);
    }
}

TEST_CASE("a receiver is the listener of a profile that has none") {
    const std::string notify = R"(, "seccomp": {"defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["alarm"], "action": "SCMP_ACT_NOTIFY"}]})";
    CHECK(documents::problems_of(annotated("a", "b", notify)) != "");
    CHECK(documents::problems_of(annotated("run.oci.seccomp.receiver", "/s", notify)) == "");
    const auto annotations = read_annotations({{"run.oci.seccomp.receiver", "/s"}});
    CHECK(with_receiver({}, annotations).listener_path == "/s");
    Seccomp profile;
    profile.listener_path = "/own";
    CHECK(with_receiver(profile, annotations).listener_path == "/own");
}

}  // namespace cleat::spec
