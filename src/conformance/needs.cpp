// Room: conformance. What a case needs of the host and of the runtime.
#include "needs.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "call.hpp"
#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "facts.hpp"

namespace cleat::conformance {
namespace {

/// 1.0.2-dev is older than 1.1.
bool reaches(std::string_view version, std::string_view wanted) {
    const auto numbers = [](std::string_view text) {
        std::pair<unsigned, unsigned> out{0, 0};
        const auto parts = split(text, '.');
        out.first = parse_number<unsigned>(parts[0]).value_or(0);
        if (parts.size() > 1) {
            const auto end = parts[1].find_first_not_of("0123456789");
            out.second = parse_number<unsigned>(parts[1].substr(0, end)).value_or(0);
        }
        return out;
    };
    return numbers(version) >= numbers(wanted);
}

/// "a/b": true there, or a name in the array that is there.
std::string unmet_feature(std::string_view path, const Circumstances& known) {
    if (known.features.kind != Value::Kind::Object) return "the runtime tells no features";
    const Value* found = at(known.features, path);
    if (found != nullptr)
        return found->kind != Value::Kind::Boolean || found->boolean
                   ? std::string()
                   : concat("the runtime says in its features: no ", path);
    const auto slash = path.rfind('/');
    if (slash != std::string_view::npos) {
        found = at(known.features, path.substr(0, slash));
        const auto name = path.substr(slash + 1);
        if (found != nullptr && std::ranges::any_of(found->elements, [&](const Value& one) {
                return one.text == name;
            }))
            return {};
    }
    return concat("the runtime says nothing in its features of ", path);
}

bool has_word(const std::string& path, std::string_view word) {
    const std::string content = content_of(path);
    return content.find(word) != std::string::npos;
}

std::string unmet_host(std::string_view name, std::string_view value, const Circumstances& known) {
    if (name == "cap") {
        const Value* const caps = at(known.host, "caps/permitted");
        const bool has = caps != nullptr &&
                         std::ranges::any_of(caps->elements,
                                             [&](const Value& one) { return one.text == value; });
        return has ? std::string() : concat("we do not have ", value);
    }
    if (name == "ns")
        return at(known.host, concat("ns/", value)) != nullptr
                   ? std::string()
                   : concat("the kernel has no namespaces of type ", value);
    if (name == "fs")
        return has_word("/proc/filesystems", concat("\t", value, "\n"))
                   ? std::string()
                   : concat("the kernel has no ", value);
    if (name == "file")
        return sys::exists_at(sys::kHere, std::string(value).c_str()) ? std::string()
                                                                      : concat("no ", value);
    if (name == "cpus")
        return ::sysconf(_SC_NPROCESSORS_ONLN) >= parse_number<long>(value).value_or(1)
                   ? std::string()
                   : concat("fewer than ", value, " processors");
    if (name == "kernel") {
        ::utsname names{};
        ::uname(&names);
        return reaches(names.release, value) ? std::string()
                                             : concat("the kernel is older than ", value);
    }
    return concat("unknown need ", name);
}

std::string unmet_word(std::string_view word, const Circumstances& known) {
    const bool unified = known.cgroups.layout() == "v2";
    if (word == "root") return ::geteuid() == 0 ? "" : "not root";
    if (word == "v1") return unified ? "the host has cgroup v2 alone" : "";
    if (word == "v2") return unified ? "" : "the host has cgroup v1";
    if (word == "features")
        return known.features.kind == Value::Kind::Object ? "" : "the runtime tells no features";
    if (word == "apparmor" || word == "noapparmor") {
        const bool on = content_of("/sys/module/apparmor/parameters/enabled") == "Y";
        if (on == (word == "apparmor")) return "";
        return on ? "the host has AppArmor" : "the host has no AppArmor";
    }
    if (word == "noselinux")
        return sys::exists_at(sys::kHere, "/sys/fs/selinux/enforce") ? "the host has SELinux" : "";
    const auto colon = word.find(':');
    const auto value = colon == std::string_view::npos ? "" : word.substr(colon + 1);
    const auto name = word.substr(0, colon);
    if (name == "since")
        return reaches(known.spec, value)
                   ? std::string()
                   : concat("came with ", value, ", the runtime is for ", known.spec);
    if (name == "feature") return unmet_feature(value, known);
    if (name == "cgroup") {
        if (::geteuid() != 0) return "not root";
        return known.cgroups.with(value) != nullptr ? std::string()
                                                    : concat("no cgroup controller ", value);
    }
    return unmet_host(name, value, known);
}

}  // namespace

std::string unmet(std::string_view needs, const Circumstances& known) {
    for (const auto word : split(needs, ' ')) {
        if (word.empty()) continue;
        if (auto reason = unmet_word(word, known); !reason.empty()) return reason;
    }
    return {};
}

void ask(const std::string& runtime, Circumstances& out) {
    constexpr std::chrono::seconds kLimit{10};
    Children children;
    const auto version = call(children, {.words = {runtime, "--version"}, .limit = kLimit});
    if (version) {
        for (const auto line : split(version->out, '\n'))
            if (line.starts_with("spec: ")) out.spec = line.substr(6);
    }
    const auto told = call(children, {.words = {runtime, "features"}, .limit = kLimit});
    if (!told || told->status != 0) return;
    if (auto features = parse(told->out)) {
        out.features = *std::move(features);
        const auto newest = text_at(out.features, "ociVersionMax");
        if (!newest.empty()) out.spec = newest;
    }
}

}  // namespace cleat::conformance
