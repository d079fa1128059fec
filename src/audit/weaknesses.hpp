// Room: audit. What its files share: the container that is looked at, and where findings go. Each
// file looks at one subject.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cleat/audit/audit.hpp"
#include "cleat/spec/config.hpp"

namespace cleat::audit {

/// In the order of rules().
enum class Rule {
    HostNamespace,
    SharedPidNamespace,
    NoUserNamespace,
    HostRootMapped,
    RootUser,
    Capability,
    InheritableCapabilities,
    NewPrivileges,
    NoSeccomp,
    SeccompDefault,
    SeccompCalls,
    NoSecurityModule,
    UnmaskedPaths,
    WritableProc,
    WritableSysfs,
    WritableCgroups,
    KernelFileSystem,
    EngineSocket,
    HostDirectory,
    HostDevice,
    SharedPropagation,
    WritableRoot,
    NoProcessLimit,
    NoMemoryLimit,
    Priority,
    AddressSpace,
    UntrustedHook,
    UntrustedBundle,
};

struct Weakness {
    Rule rule = Rule::HostNamespace;
    Risk risk = Risk::Low;
    std::string pointer = {};
    std::string why = {};
    std::string_view fix = {};
};

class Audit {
 public:
    Audit(const spec::Spec& spec, std::string bundle);

    void add(Weakness&& weakness);
    /// Whether something is said of the place already.
    [[nodiscard]] bool has(std::string_view pointer) const;
    /// What is left of a risk that a user namespace stands before.
    [[nodiscard]] Risk behind_users(Risk risk) const noexcept;
    [[nodiscard]] bool has_own(spec::NamespaceType type) const noexcept;
    [[nodiscard]] std::string on_host(std::string_view path) const;

    [[nodiscard]] const spec::Spec& spec() const noexcept { return spec_; }
    [[nodiscard]] const std::string& bundle() const noexcept { return bundle_; }
    [[nodiscard]] const std::vector<Weakness>& found() const noexcept { return found_; }

 private:
    const spec::Spec& spec_;
    std::string bundle_;
    bool users_ = false;  ///< a user namespace in which nobody is the host's root
    std::vector<Weakness> found_;
};

/// Whether `path` is `directory` or lies below it; both normal.
[[nodiscard]] bool is_within(std::string_view path, std::string_view directory);
[[nodiscard]] bool has_option(const spec::Mount& mount, std::string_view option);
[[nodiscard]] bool is_bind(const spec::Mount& mount);
/// By the last of its options that says so.
[[nodiscard]] bool is_readonly(const spec::Mount& mount);

void audit_namespaces(Audit& audit);
void audit_process(Audit& audit);
void audit_seccomp(Audit& audit);
void audit_kernel_paths(Audit& audit);
void audit_binds(Audit& audit);
void audit_devices(Audit& audit);
void audit_limits(Audit& audit);
void audit_files(Audit& audit);

}  // namespace cleat::audit
