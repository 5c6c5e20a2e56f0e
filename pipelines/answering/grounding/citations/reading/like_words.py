"""The tables of the general list: words of like, opposite and converse meaning, in English and Chinese."""

LIKE = """
increase rise grow climb go_up expand gain up growth raise boost higher_than_before 增长 增加 上升 提高 上涨 增至
increase 升至 升高 扩大 提升 增 涨 上调
decrease fall drop decline reduce shrink go_down sink down cut lower_than_before reduction diminish 下降 减少 降低
decrease 下跌 缩减 减至 降至 缩小 减 跌 下滑 下调
before prior_to earlier_than ahead_of 之前 以前 早于 前
after following later_than subsequent_to 之后 以后 晚于 后
more greater 更多 多于
less fewer 更少 少于
large big great huge 大 较大 更大
small little tiny 小 较小 更小
large_most biggest largest 最大
small_most smallest least_large 最小
long 长 更长
short 短 更短
high tall 高 更高 较高
low 低 更低 较低
highest tallest 最高 最多
lowest 最低 最少
old aged 年长 更老 旧 较早
young 年轻 更小
new modern 新
oldest earliest 最早 最老 最古老
youngest newest latest 最晚 最新 最年轻
heavy 重 更重
light 轻 更轻
fast quick rapid 快 更快
slow 慢 更慢
expensive costly dear 贵 昂贵 更贵
cheap inexpensive 便宜 更便宜
hot warm 热 温暖
cold cool 冷 寒冷
wide broad 宽
narrow 窄
deep 深
shallow 浅
strong 强
weak 弱
early 早
late 晚 迟
north northern 以北 北部 北方 北边 北面 北
south southern 以南 南部 南方 南边 南面 南
east eastern 以东 东部 东方 东边 东面 东
west western 以西 西部 西方 西边 西面 西
left 左 左侧 左边
right_side 右 右侧 右边
above over 上方 之上
below beneath underneath 下方 之下
inside within_building indoors indoor internal 内部 室内
outside outdoors outdoor external 外部 室外 户外
open opened 开放 开门 营业 开业 开馆
closed close shut shut_down 关闭 关门 闭馆 停业 停运
begin start commence launch 开始 启动 始于 起
end finish stop conclude cease terminate 结束 停止 终止 截止
allow permit let authorise authorize may_use 允许 准许 可以使用 许可
forbid prohibit ban bar disallow 禁止 不准 严禁 不得 不允许
accept approve agree_to 接受 批准 通过 同意 核准
reject refuse decline_offer turn_down deny 拒绝 否决 驳回
include contain comprise consist_of cover 包括 包含 含有 含 涵盖
exclude omit leave_out exempt exemption 排除 豁免 除外
win 获胜 赢 赢得 胜出
lose 失败 输 失去 败
beat defeat 击败 战胜 打败
pass 通过考试 合格 及格
fail 未通过 不合格 不及格
import 进口
export 出口
enter arrive reach 进入 到达 抵达
leave depart quit exit 离开 离任 离职 出发
appear 出现
disappear vanish 消失
profit 盈利 利润
loss 亏损 损失
first 首次 第一次 首个
last final 最后
public 公开 公共 公有 国有
private 私人 私有 私营
mandatory compulsory obligatory required require must 必须 强制 必需 要求
optional voluntary 可选 自愿
minimum least 最低限度 最小值
maximum most 最大值 上限
success succeed_in successful 成功
failure unsuccessful 失败率 故障
true correct right 正确 属实
false wrong incorrect 错误 不实
safe 安全
dangerous unsafe hazardous 危险
empty 空
full 满
always 总是 始终 一直
never_ever 从不
rich wealthy 富有
poor 贫穷
day_time 白天
night_time 夜间 夜晚
join 加入 入职
hire recruit take_on appoint engage 雇用 聘用 聘请 招聘 任命 雇佣 雇有
dismiss fire sack lay_off 解雇 开除 裁员 免职
buy purchase acquire take_over_company acquisition 购买 收购 买下 采购 并购 购入
sell 出售 卖出 销售 卖 售出
lend loan 借出 外借
borrow 借入
replace take_over_from supersede succeed supplant take_the_place_of 取代 接替 代替 替换 替代 接任
found establish set_up create institute 成立 创立 创办 建立 设立 创建 创始
build construct erect 建造 建设 修建 建成 兴建 盖 建
make produce manufacture fabricate 生产 制造 制作
lead head run manage direct chair oversee supervise leader head_of manager director chief boss 领导 负责 主管 管理
lead 主持 带领 负责人 经理 主任
own possess belong_to owner 拥有 持有 所有
supply deliver provide supplier 供应 提供 供货 交付 供应商
write author pen 写 撰写 著 编写 创作
invent devise inventor 发明
discover find 发现
design 设计
teach instruct 教 教授
learn study 学习
work_for work_at work 工作 任职 就职 供职
live_in live reside dwell 居住 住 住在
locate situate lie stand base headquarter be_in 位于 坐落 地处 设在
visit 参观 访问
pay cost charge price fee 支付 付 花费 收费 费用 价格 售价
employee employ staff worker workforce personnel people_employed 员工 职工 雇员 工人 人员
customer client buyer 客户 顾客 买家
company firm business corporation enterprise 公司 企业 商号
factory plant works mill 工厂 厂 厂房
shop store outlet 商店 门店 店铺 店
revenue turnover sales income 收入 营业额 营收 销售额
child son daughter 儿子 女儿 孩子 子女
parent father mother 父亲 母亲 父母
marry wed wife husband spouse 结婚 妻子 丈夫 配偶
precede come_before 先于
follow come_after 继 紧随
sue 起诉
cause lead_to result_in bring_about trigger 导致 引起 造成 使得
prevent avert 防止 阻止 避免
use employ_tool utilise utilize apply 使用 利用 采用 应用
need 需要 需
receive get obtain award 收到 获得 得到 获
give grant present 给 授予 颁发 给予
send ship dispatch 发送 寄 发货 运送
show display exhibit 显示 展示 展出
change alter vary modify amend 改变 更改 修改 变更
keep retain maintain preserve remain stay 保持 维持不变 保留 维护 维持
plan intend 计划 打算
complete finalise finalize 完成 竣工
total altogether combined overall sum 总 总共 合计 一共 共 总计 共计
average mean 平均
about approximately 大约 约
year annual yearly annually 年 年度 每年
month monthly 月 每月
week weekly 周 每周
day daily 天 每天
capital 首都 省会
river 河 江
city town 城市 市 城
person people 人
free gratis free_of_charge at_no_cost 免费
return 退回 退货 返回 归还
refund reimburse 退款
travel go journey 前往 旅行
hold 举行 举办
happen occur take_place 发生
vote 投票
die pass_away death 去世 死亡 逝世
bear_child born birth 出生 诞生 生于
common frequent usual 常见 普遍
rare uncommon infrequent seldom 罕见 少见
remove delete discontinue abolish scrap 取消 删除 废除 移除 撤销
near close_to adjacent 附近 靠近 邻近
far distant 远
double twice twofold 翻倍 翻番 加倍
halve 减半
"""

OPPOSITE = """
increase decrease|before after|more less|large small|large_most small_most|long short|high low|highest lowest
old young|old new
oldest youngest|heavy light|fast slow|expensive cheap|hot cold|wide narrow|deep shallow|strong weak
early late|north south|east west
left right_side|above below|inside outside|open closed|begin end|allow forbid|accept reject|include exclude
win lose|pass fail
import export|enter leave|appear disappear|profit loss|first last|public private|mandatory optional
minimum maximum|success failure
true false|safe dangerous|empty full|rich poor|day_time night_time|hire dismiss|join leave|buy sell
lend borrow|cause prevent
common rare|near far|change keep|double halve|north east|north west|south east|south west
precede follow|open end|found closed|free pay
"""

CONVERSE = """
before after|more less|large small|long short|high low|old young|heavy light|fast slow|expensive cheap
early late|north south
east west|left right_side|above below|precede follow|parent child|lend borrow|teach learn|replace precede
follow replace_by|lose beat
"""

SYMMETRIC = "marry near far meet differ equal include_each cooperate partner border compete"
