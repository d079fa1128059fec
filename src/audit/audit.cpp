// Room: audit. The rules, and the way from a document to its findings.
#include "cleat/audit/audit.hpp"

#include <algorithm>
#include <array>

#include "cleat/base/text.hpp"
#include "cleat/spec/document.hpp"
#include "cleat/sys/files.hpp"
#include "weaknesses.hpp"

namespace cleat::audit {
namespace {

using spec::NamespaceType;
using validate::RuleText;

constexpr std::array<std::string_view, 4> kRisks = {"low", "medium", "high", "critical"};

constexpr RuleText kRules[] = {
    {"host-namespace", "A namespace of the host is shared", "9.0"},
    {"shared-pid-namespace", "The processes of another container are seen", "3.0"},
    {"no-user-namespace", "Ids in the container are ids of the host", "5.0"},
    {"host-root-mapped", "The user namespace maps an id to the host's root", "5.0"},
    {"root-user", "The process is root without a user namespace", "5.0"},
    {"capability", "A capability reaches beyond the container", "9.0"},
    {"inheritable-capabilities", "Capabilities are kept across execve(2)", "3.0"},
    {"new-privileges", "Programs of the image can give more rights than the process has", "5.0"},
    {"no-seccomp", "Every system call of the kernel can be made", "8.0"},
    {"seccomp-default-allow", "Calls that the profile does not know are allowed", "5.0"},
    {"seccomp-calls", "The profile allows calls that profiles are there to stop", "5.0"},
    {"no-security-module", "Neither AppArmor nor SELinux confines the process", "3.0"},
    {"unmasked-paths", "Files of /proc or /sys that tell of the host can be read", "5.0"},
    {"writable-proc", "Switches of the kernel in /proc can be written", "8.0"},
    {"writable-sysfs", "/sys can be written", "8.0"},
    {"writable-cgroups", "Control groups can be written", "8.0"},
    {"kernel-file-system", "A file system of the kernel's insides is mounted", "9.0"},
    {"engine-socket", "Who speaks on this socket commands the host", "9.5"},
    {"host-directory", "A directory of the host that rules it is mounted", "9.5"},
    {"host-device", "A device of the host can be used", "9.0"},
    {"shared-propagation", "Mounts of the container appear on the host", "8.0"},
    {"writable-root", "The root file system can be changed", "3.0"},
    {"no-process-limit", "The number of processes has no limit", "5.0"},
    {"no-memory-limit", "The memory has no limit", "3.0"},
    {"priority", "The process goes before those of the host", "3.0"},
    {"address-space", "Addresses are not random", "3.0"},
    {"untrusted-hook", "A hook can be replaced by others, and runs on the host", "9.5"},
    {"untrusted-bundle", "The bundle can be changed by others", "9.0"},
};
static_assert(std::size(kRules) == static_cast<std::size_t>(Rule::UntrustedBundle) + 1);

/// /proc/1 is the host's first process, and "self" whoever makes the container.
bool is_hosts(std::string_view path) {
    return path.starts_with("/proc/1/ns/") || path.starts_with("/proc/self/ns/") ||
           path.starts_with("/proc/thread-self/ns/");
}

bool maps_root(const std::vector<spec::IdMapping>& mappings) {
    return std::ranges::any_of(mappings,
                               [](const auto& map) { return map.host_id == 0 && map.size > 0; });
}

validate::Finding finding_of(const Weakness& weakness) {
    validate::Finding finding;
    finding.severity =
        weakness.risk >= Risk::High ? spec::Severity::Error : spec::Severity::Warning;
    finding.pointer = weakness.pointer;
    finding.message = weakness.why;
    finding.hint = weakness.fix;
    finding.rule = kRules[static_cast<std::size_t>(weakness.rule)].id;
    finding.level = name_of(weakness.risk);
    return finding;
}

}  // namespace

std::string_view name_of(Risk risk) noexcept { return kRisks[static_cast<std::size_t>(risk)]; }

std::optional<Risk> risk_of(std::string_view name) noexcept {
    const auto* const found = std::ranges::find(kRisks, name);
    if (found == kRisks.end()) return std::nullopt;
    return static_cast<Risk>(found - kRisks.begin());
}

std::span<const RuleText> rules() noexcept { return kRules; }

Audit::Audit(const spec::Spec& spec, std::string bundle) : spec_(spec), bundle_(std::move(bundle)) {
    users_ = has_own(NamespaceType::User) && !maps_root(spec.linux.uid_mappings);
}

void Audit::add(Weakness&& weakness) { found_.push_back(std::move(weakness)); }

bool Audit::has(std::string_view pointer) const {
    return std::ranges::find(found_, pointer, &Weakness::pointer) != found_.end();
}

Risk Audit::behind_users(Risk risk) const noexcept {
    if (!users_) return risk;
    return risk <= Risk::High ? Risk::Low : Risk::Medium;
}

bool Audit::has_own(NamespaceType type) const noexcept {
    return std::ranges::any_of(spec_.linux.namespaces, [type](const spec::Namespace& entry) {
        return entry.type == type && !is_hosts(entry.path);
    });
}

std::string Audit::on_host(std::string_view path) const {
    return normal_path(path.starts_with('/') ? std::string(path) : concat(bundle_, "/", path));
}

bool is_within(std::string_view path, std::string_view directory) {
    if (directory == "/" || path == directory) return true;
    return path.starts_with(directory) && path[directory.size()] == '/';
}

bool has_option(const spec::Mount& mount, std::string_view option) {
    return std::ranges::find(mount.options, option) != mount.options.end();
}

bool is_bind(const spec::Mount& mount) {
    return mount.type == "bind" || mount.type == "rbind" || has_option(mount, "bind") ||
           has_option(mount, "rbind");
}

bool is_readonly(const spec::Mount& mount) {
    bool readonly = false;
    for (const auto& option : mount.options) {
        if (option == "ro" || option == "rro") readonly = true;
        if (option == "rw" || option == "rrw") readonly = false;
    }
    return readonly;
}

Result<validate::Report> audit(const validate::Document& document,
                               const std::vector<std::string>& accepted) {
    const auto decoded = spec::decode_config(document.text);
    if (!decoded.value) return std::unexpected(spec::to_error(decoded.problems, document.file));
    auto real = sys::real_path(document.directory);
    Audit audit(*decoded.value, real ? *std::move(real) : document.directory);
    for (auto* const look : {audit_namespaces, audit_process, audit_seccomp, audit_kernel_paths,
                             audit_binds, audit_devices, audit_limits, audit_files})
        look(audit);
    validate::Report report{.file = document.file, .findings = {}};
    const auto parsed = spec::parse_document(document.text);
    for (const auto& weakness : audit.found()) {
        auto finding = finding_of(weakness);
        if (std::ranges::find(accepted, finding.rule) != accepted.end()) continue;
        validate::place(finding, *parsed.root, document.text);
        report.findings.push_back(std::move(finding));
    }
    std::ranges::stable_sort(report.findings, {}, [](const validate::Finding& finding) {
        return std::pair(finding.position.line, finding.position.column);
    });
    return report;
}

std::optional<Risk> worst(const std::vector<validate::Report>& reports) {
    std::optional<Risk> worst;
    for (const auto& report : reports)
        for (const auto& finding : report.findings) worst = std::max(worst, risk_of(finding.level));
    return worst;
}

}  // namespace cleat::audit
