// Room: spec. The words of the specification that stand for a fixed set of values.
#pragma once

#include <array>
#include <string_view>
#include <utility>

#include "cleat/spec/config.hpp"

namespace cleat::spec {

template <class Enum>
struct Words;

template <>
struct Words<NamespaceType> {
    static constexpr std::array<std::pair<std::string_view, NamespaceType>, 8> kWords = {
        {{"pid", NamespaceType::Pid},
         {"network", NamespaceType::Network},
         {"mount", NamespaceType::Mount},
         {"ipc", NamespaceType::Ipc},
         {"uts", NamespaceType::Uts},
         {"user", NamespaceType::User},
         {"cgroup", NamespaceType::Cgroup},
         {"time", NamespaceType::Time}}};
    static constexpr std::string_view kWhat = "namespace type";
};

template <>
struct Words<SeccompAction> {
    static constexpr std::array<std::pair<std::string_view, SeccompAction>, 9> kWords = {
        {{"SCMP_ACT_KILL", SeccompAction::Kill},
         {"SCMP_ACT_KILL_PROCESS", SeccompAction::KillProcess},
         {"SCMP_ACT_KILL_THREAD", SeccompAction::KillThread},
         {"SCMP_ACT_TRAP", SeccompAction::Trap},
         {"SCMP_ACT_ERRNO", SeccompAction::Errno},
         {"SCMP_ACT_TRACE", SeccompAction::Trace},
         {"SCMP_ACT_ALLOW", SeccompAction::Allow},
         {"SCMP_ACT_LOG", SeccompAction::Log},
         {"SCMP_ACT_NOTIFY", SeccompAction::Notify}}};
    static constexpr std::string_view kWhat = "seccomp action";
};

template <>
struct Words<SeccompOperator> {
    static constexpr std::array<std::pair<std::string_view, SeccompOperator>, 7> kWords = {
        {{"SCMP_CMP_NE", SeccompOperator::NotEqual},
         {"SCMP_CMP_LT", SeccompOperator::Less},
         {"SCMP_CMP_LE", SeccompOperator::LessEqual},
         {"SCMP_CMP_EQ", SeccompOperator::Equal},
         {"SCMP_CMP_GE", SeccompOperator::GreaterEqual},
         {"SCMP_CMP_GT", SeccompOperator::Greater},
         {"SCMP_CMP_MASKED_EQ", SeccompOperator::MaskedEqual}}};
    static constexpr std::string_view kWhat = "seccomp operator";
};

}  // namespace cleat::spec
