// Room: cgroup. Device access rules compiled to eBPF (cgroup-v2.rst, "Device controller"); a pure
// function.
#include <cstddef>
#include <ranges>

#include "device_rules.hpp"

namespace cleat::cgroup {
namespace {

// R1 is the context that the kernel gives, R0 the verdict that it takes.
constexpr std::uint8_t kVerdict = BPF_REG_0;
constexpr std::uint8_t kContext = BPF_REG_1;
constexpr std::uint8_t kType = BPF_REG_2;
constexpr std::uint8_t kUndecided = BPF_REG_3;  ///< access bits that no rule has decided yet
constexpr std::uint8_t kMajor = BPF_REG_4;
constexpr std::uint8_t kMinor = BPF_REG_5;

using Program = std::vector<::bpf_insn>;

/// Small writers of single instructions (instruction-set.rst); all arithmetic is in 32 bits.
class Emitter {
 public:
    explicit Emitter(Program& program) : program_(program) {}

    void load_field(std::uint8_t to, std::size_t offset) {
        auto& load = add(BPF_LDX | BPF_MEM | BPF_W, to, 0);
        load.src_reg = kContext & 0xFU;
        load.off = static_cast<std::int16_t>(offset);
    }
    void move(std::uint8_t to, std::uint8_t from) {
        add(BPF_ALU | BPF_MOV | BPF_X, to, 0).src_reg = from & 0xFU;
    }
    void calculate(unsigned operation, std::uint8_t on, std::uint32_t value) {
        add(BPF_ALU | BPF_K | operation, on, value);
    }
    /// Returns where it is, for jump_here().
    std::size_t jump_if(unsigned condition, std::uint8_t what, std::uint32_t value) {
        add(BPF_JMP32 | BPF_K | condition, what, value);
        return program_.size() - 1;
    }
    void jump_here(std::size_t from) {
        program_[from].off = static_cast<std::int16_t>(program_.size() - from - 1);
    }
    void give(Verdict verdict) {
        calculate(BPF_MOV, kVerdict, verdict == Verdict::Allow ? 1 : 0);
        add(BPF_JMP | BPF_EXIT, 0, 0);
    }

 private:
    ::bpf_insn& add(unsigned code, std::uint8_t to, std::uint32_t value) {
        ::bpf_insn instruction{};
        instruction.code = static_cast<std::uint8_t>(code);
        instruction.dst_reg = to & 0xFU;
        instruction.imm = static_cast<std::int32_t>(value);
        program_.push_back(instruction);
        return program_.back();
    }

    Program& program_;
};

void emit_start(Emitter& emit) {
    constexpr std::uint32_t kTypeMask = 0xFFFF;
    constexpr std::uint32_t kAccessShift = 16;
    emit.load_field(kType, offsetof(::bpf_cgroup_dev_ctx, access_type));
    emit.move(kUndecided, kType);
    emit.calculate(BPF_AND, kType, kTypeMask);
    emit.calculate(BPF_RSH, kUndecided, kAccessShift);
    emit.load_field(kMajor, offsetof(::bpf_cgroup_dev_ctx, major));
    emit.load_field(kMinor, offsetof(::bpf_cgroup_dev_ctx, minor));
}

/// Denied: an undecided bit of the rule's ends it. Allowed: the rule's bits are decided, and with
/// the last one the request is.
void emit_verdict(Emitter& emit, const DeviceDecision& decision) {
    const std::uint32_t access = decision.devices.access;
    if (decision.verdict == Verdict::Allow) {
        emit.calculate(BPF_AND, kUndecided, ~access);
        const auto open = emit.jump_if(BPF_JNE, kUndecided, 0);
        emit.give(Verdict::Allow);
        emit.jump_here(open);
        return;
    }
    emit.move(kVerdict, kUndecided);
    emit.calculate(BPF_AND, kVerdict, access);
    const auto past = emit.jump_if(BPF_JEQ, kVerdict, 0);
    emit.give(Verdict::Deny);
    emit.jump_here(past);
}

void emit_decision(Emitter& emit, const DeviceDecision& decision) {
    const DeviceSet& devices = decision.devices;
    const std::uint32_t type = devices.type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
    std::vector<std::size_t> misses{emit.jump_if(BPF_JNE, kType, type)};
    if (devices.major) misses.push_back(emit.jump_if(BPF_JNE, kMajor, *devices.major));
    if (devices.minor) misses.push_back(emit.jump_if(BPF_JNE, kMinor, *devices.minor));
    emit_verdict(emit, decision);
    for (const auto miss : misses) emit.jump_here(miss);
}

}  // namespace

/// Later rules win, so the program asks them first.
std::vector<::bpf_insn> device_program(const DevicePolicy& policy) {
    Program program;
    Emitter emit(program);
    emit_start(emit);
    for (const auto& decision : std::ranges::reverse_view(policy.decisions))
        emit_decision(emit, decision);
    emit.give(policy.otherwise);
    return program;
}

}  // namespace cleat::cgroup
