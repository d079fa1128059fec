// Room: cgroup. Real cgroups for the tests: below a name of their own in every hierarchy of this
// machine, gone at the end of each test.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>

#include "cleat/cgroup/cgroup.hpp"

namespace cleat::cgroup::test {

/// Whether cgroups can be made here; says so if not.
[[nodiscard]] bool can_make_cgroups();

/// A unique cgroup in every hierarchy; the destructor removes whatever is there.
class Cgroups {
 public:
    Cgroups();
    Cgroups(const Cgroups&) = delete;
    Cgroups& operator=(const Cgroups&) = delete;
    ~Cgroups();

    /// The directories at `below` the test's own; "" for the own.
    [[nodiscard]] Directories at(const std::string& below) const;
    [[nodiscard]] const Directories& all() const { return all_; }
    /// Only the one of a v1 controller; empty if this machine has none.
    [[nodiscard]] Directories v1(std::string_view controller) const;
    [[nodiscard]] Directories unified() const;
    /// Makes all directories.
    void make_all() const;

 private:
    Directories all_;
};

/// A child that moves itself into the cgroups and then runs `body`; killed at the end.
class Child {
 public:
    Child(const Directories& directories, const std::function<int()>& body);
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child();
    [[nodiscard]] pid_t pid() const { return pid_; }
    /// Its exit code, or 128 + signal.
    [[nodiscard]] int wait();

 private:
    pid_t pid_ = -1;
};

/// For Child: does nothing until it is killed.
int sleep_on();

[[nodiscard]] std::string read(const Directories& directories, std::string_view file);
[[nodiscard]] bool exists(const plan::CgroupDirectory& directory);
[[nodiscard]] bool none_exists(const Directories& directories);

inline constexpr std::chrono::milliseconds kLimit{5000};

}  // namespace cleat::cgroup::test
